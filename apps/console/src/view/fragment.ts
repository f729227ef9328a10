/** The address of a page with such a fragment. */
export const withFragment = (address: string, values: Readonly<Record<string, string | readonly string[] | undefined>>): string => {
  const fragment = new URLSearchParams();
  for (const [key, value] of Object.entries(values))
    for (const each of value === undefined || value === '' ? [] : [value].flat()) fragment.append(key, each);
  return fragment.size > 0 ? `${address}#${fragment}` : address;
};
