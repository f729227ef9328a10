import { exitOk } from '../exit.ts';
import { productVersion } from '../product-version.ts';
import type { versionOptions } from '../verbs/forget-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** Go's names of processors, which readers of restic's line know. */
const goNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** `version`: one line in restic's form, with Node in Go's place. */
export const perform: Perform<typeof versionOptions> = async ({ globals, context }) => {
  const version = productVersion();
  const runtime = `node${process.versions.node}`;
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = goNames[process.arch] ?? process.arch;
  const line = globals.json
    ? JSON.stringify({ message_type: 'version', version, go_version: runtime, go_os: os, go_arch: arch })
    : `fortfail ${version} compiled with ${runtime} on ${os}/${arch}`;
  context.stdout.write(`${line}\n`);
  return exitOk;
};
