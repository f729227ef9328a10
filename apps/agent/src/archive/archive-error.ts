import { FortFailError } from '@fortfail/base';

/** An archive that is broken or cut short: bytes that no tar program wrote, or not all that it wrote. Kind `damaged`. */
export function brokenArchive(reason: string): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'broken-archive',
    message: `unable to read the archive: ${reason}`,
    hint: 'Nothing was restored. Take another snapshot.',
  });
}

/** An archive that asks for what no honest one needs: leaving the target, writing through a link, a bomb. Kind `denied`. */
export function hostileArchive(reason: string): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'hostile-archive',
    message: `unable to restore from the archive: ${reason}`,
    hint: 'Nothing was restored. Find out who made this snapshot before anything of it is used.',
  });
}
