import { useQuery } from '@tanstack/react-query';

/** The fingerprint of an SSH public key as `ssh-keygen -l` prints it; undefined for what is no such line. */
const fingerprintOf = async (line: string): Promise<string | null> => {
  try {
    const blob = Uint8Array.from(atob(line.split(/\s+/)[1] ?? ''), (char) => char.charCodeAt(0));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', blob));
    return `SHA256:${btoa(String.fromCharCode(...digest)).replace(/=+$/, '')}`;
  } catch {
    // No digests outside secure origins: the key itself is shown all the same.
    return null;
  }
};

/** The fingerprint of an SSH public key line, once it is worked out; null where this browser cannot. */
export const useFingerprint = (line: string | null): string | null =>
  useQuery({
    queryKey: ['fingerprint', line],
    enabled: line !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => fingerprintOf(line ?? ''),
  }).data ?? null;
