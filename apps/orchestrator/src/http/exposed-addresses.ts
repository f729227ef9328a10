import type { Addresses } from '../services.ts';

/** Our addresses with those of the TLS door for other hosts. */
export function withExposed(own: Addresses, exposed: { readonly names: readonly string[]; readonly port: number } | undefined): Addresses {
  if (exposed === undefined) return own;
  const names = exposed.names.map((name) => (name.includes(':') ? `[${name}]` : name).toLowerCase());
  const withPorts = names.flatMap((name) => (exposed.port === 443 ? [name, `${name}:443`] : [`${name}:${exposed.port}`]));
  const origins = names.map((name) => `https://${name}${exposed.port === 443 ? '' : `:${exposed.port}`}`);
  return { ...own, hosts: [...new Set([...own.hosts, ...withPorts])], origins: [...new Set([...own.origins, ...origins])] };
}
