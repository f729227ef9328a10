const shapes = {
  overview: 'M2.5 8.5 8 3l5.5 5.5M4 7.5V13h8V7.5',
  drills: 'M13.5 8A5.5 5.5 0 1 1 8 2.5M5.5 8 8 10.3 13.8 3.8',
  plans: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  points: 'M8 2.5 13.5 5.5 8 8.5 2.5 5.5ZM2.5 8 8 11l5.5-3M2.5 10.5 8 13.5l5.5-3',
  restores: 'M3 8a5 5 0 1 0 1.6-3.7M3 2.500v3h3M8 5.500V8l1.800 1.400',
  jobs: 'M5 3.5 12.5 8 5 12.5Z',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.800 10.800 14 14',
  theme: 'M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500Z',
  chevron: 'M6 4l4 4-4 4',
  folder: 'M2 4h4l1.500 1.500H14V13H2Z',
  file: 'M4 2h5l3 3v9H4ZM9 2v3h3',
  link: 'M6.5 9.5 9.5 6.5M7 4.5 8.5 3a3 3 0 0 1 4.5 4.3L11.5 9M9 11.5 7.5 13a3 3 0 0 1-4.5-4.3L4.500 7',
  device: 'M2.5 3h11v7h-11ZM6 13h4M8 10v3',
  key: 'M9.500 9A3.500 3.500 0 1 0 7 6.500L2.500 11v2.500H5V12h1.500v-1.500Z',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  agents: 'M2.500 3h11v4h-11ZM2.500 9h11v4h-11ZM5 5h.01M5 11h.01',
  alerts: 'M8 3 14 13.300H2ZM8 7v2.800M8 11.500v.01',
  audit: 'M8 2v12M3.500 5.5 8 3l4.500 2.500M3.500 10.500 8 13l4.500-2.5',
  kit: 'M3 4h10v9.500H3ZM6 4V2.500h4V4M8 6.500v4.500M5.800 8.750h4.400',
  persons:
    'M5.800 7.500a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600ZM1.500 13c.3-2.200 2-3.300 4.300-3.300s4 1.100 4.300 3.300M10.500 3.200a2.200 2.200 0 0 1 0 4.200M12 9.900c1.500.4 2.300 1.5 2.5 3.100',
  copy: 'M5.500 5.500h8v8h-8ZM3.500 10.500h-1v-8h8v1',
  download: 'M8 2.500v7.500M5 7.5 8 10.500l3-3M3 13.500h10',
  print: 'M4.500 6V2.500h7V6M4.500 11.500h-2V6h11v5.500h-2M4.500 9.500h7v4h-7Z',
  person: 'M8 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM3 13.500c.4-2.300 2.400-3.500 5-3.500s4.600 1.200 5 3.500',
} as const;

export type IconName = keyof typeof shapes;

/** A line drawing beside a word; never the only carrier of a meaning. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg className="i" viewBox="0 0 16 16" aria-hidden="true">
    <path d={shapes[name]} />
  </svg>
);

/** The mark of the product. */
export const Logo = () => (
  <svg className="logo" viewBox="0 0 20 20" aria-hidden="true">
    <path d="M2 6V3h3v2h3.300V3h3.400v2H15V3h3v3l-1.500 1.500V17h-13V7.500Z" className="ink-fill" />
    <path d="M7 11.800 9.200 14l4-4.600" className="logo-tick" />
  </svg>
);
