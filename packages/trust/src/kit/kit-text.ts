import { groupsOfSix, type RecoveryKey } from './recovery-key.ts';

export interface KitPeer {
  readonly name: string;
  readonly addresses: readonly string[];
  /** SSH fingerprint. */
  readonly fingerprint: string;
}

export interface KitStore {
  readonly name: string;
  /** `local`, `s3`, `rest`, `sftp`. */
  readonly kind: string;
  /** Endpoint with bucket and prefix, or folder with host. No credential. */
  readonly place: string;
  readonly region?: string | undefined;
}

/** All that is printed. */
export interface KitFacts {
  readonly version: string;
  readonly site: { readonly id: string; readonly name: string };
  readonly made: Date;
  /** The whole key, or one holder's share of it. */
  readonly secret:
    | { readonly kind: 'key'; readonly key: RecoveryKey }
    | { readonly kind: 'share'; readonly text: string; readonly k: number; readonly n: number; readonly position: number };
  readonly kitId: string;
  readonly recipient: string;
  readonly ownerFingerprint: string;
  /** Counter of the newest head that peers hold; undefined before there is one. */
  readonly head?: number | undefined;
  readonly peers: readonly KitPeer[];
  readonly stores: readonly KitStore[];
}

/** One block of the page, for whoever lays it out otherwise than as text. */
export interface KitSection {
  readonly title: string;
  readonly lines: readonly string[];
}

const width = 78;

function secretSection({ secret }: KitFacts): KitSection {
  if (secret.kind === 'key') {
    return { title: 'RECOVERY KEY - whoever reads this line can read every backup', lines: grouped(secret.key.secret.reveal()) };
  }
  return {
    title: `SHARE ${secret.position} OF ${secret.n} - any ${secret.k} of them together are the recovery key`,
    lines: grouped(secret.text),
  };
}

/** Groups of six on two lines. */
function grouped(text: string): readonly string[] {
  const groups = groupsOfSix(text).split(' ');
  return [groups.slice(0, 7).join(' '), groups.slice(7).join(' ')];
}

function identitySection(facts: KitFacts): KitSection {
  return {
    title: 'WHAT IT BELONGS TO',
    lines: [
      `Site       ${facts.site.name} (${facts.site.id})`,
      `Kit        ${facts.kitId}, made ${facts.made.toISOString().slice(0, 16).replace('T', ' ')} UTC by FortFail ${facts.version}`,
      `Head       ${facts.head === undefined ? 'none yet: no peer holds a bundle' : `${facts.head} or higher`}`,
      `Recipient  ${facts.recipient}`,
      `Owner      ${facts.ownerFingerprint}`,
    ],
  };
}

function placesSections(facts: KitFacts): readonly KitSection[] {
  const peers = facts.peers.flatMap((peer) => [`${peer.name}  ${peer.fingerprint}`, ...peer.addresses.map((address) => `    ${address}`)]);
  const stores = facts.stores.map(
    ({ name, kind, place, region }) => `${name}  ${kind}  ${place}${region === undefined ? '' : `  (${region})`}`,
  );
  return [
    { title: 'PEERS THAT HOLD COPIES', lines: peers.length > 0 ? peers : ['None: this site keeps no copies with peers.'] },
    {
      title: 'WHERE THE BACKUPS ARE',
      lines: stores.length > 0 ? stores : ['None when this page was made. Print it again once there is a repository.'],
    },
  ];
}

function usageSections({ secret }: KitFacts): readonly KitSection[] {
  const isShare = secret.kind === 'share';
  return [
    {
      title: 'TO TEST IT, AND TO RECOVER WITH FORTFAIL',
      lines: [
        `fortfail kit test                                   type ${isShare ? `${secret.k} shares` : 'the key'}: opens an escrow`,
        'fortfail -r REPO restore latest --target FOLDER     asks for the password below',
      ],
    },
    {
      title: 'TO RECOVER BY HAND (age, restic and ssh-keygen of any distribution)',
      lines: [
        ...(isShare ? ['The shares are joined by FortFail, or by any program for this scheme (docs/design/signatures.md).'] : []),
        'Write the key without spaces into key.txt (mode 0600). Beside each repository',
        'REPO lies REPO.fortfail/ with its password, sealed:',
        '  age -d -i key.txt REPO.fortfail/escrow-1.age      JSON with "password"',
        '  restic -r REPO restore latest --target FOLDER     asks for it',
        '  ssh-keygen -Y verify -f allowed_signers -I evidence -n fortfail-evidence@v1 \\',
        '    -s FILE.sig < FILE                              checks a signed file',
        'Delete key.txt afterwards.',
      ],
    },
    {
      title: 'IF THIS PAGE IS LOST OR COPIED',
      lines: [
        'Lost: make another kit while the site still runs: fortfail kit create. Copied or',
        'seen: the same, then renew the repositories, since who has the old page and the',
        'backups reads them. Keep it off-site, away from computers; test it once a year.',
      ],
    },
  ];
}

/** The page block by block, in print order. */
export function kitSections(facts: KitFacts): readonly KitSection[] {
  return [secretSection(facts), identitySection(facts), ...placesSections(facts), ...usageSections(facts)];
}

/** The printed page as text. It holds the secret: a file of it is made with mode 0600. */
export function kitText(facts: KitFacts): string {
  const head = [`FORTFAIL RECOVERY KIT  ${facts.kitId}`, '='.repeat(width), ''];
  const blocks = kitSections(facts).flatMap(({ title, lines }) => [title, ...lines.map((line) => (line === '' ? '' : `  ${line}`)), '']);
  return [...head, ...blocks].join('\n');
}
