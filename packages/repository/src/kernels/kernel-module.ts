import { readFileSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';

/** What the compiled module gives; offsets and lengths are bytes of its own memory. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  polyStart(state: number): void;
  polyUpdate(state: number, offset: number, length: number): void;
  polyFinish(state: number): void;
  rabinScan(tables: number, offset: number, length: number, mask: bigint): number;
}

let cached: WebAssembly.Module | undefined;

function readKernels(): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  } catch (cause) {
    throw new FortFailError({
      kind: 'bug',
      code: 'kernels-missing',
      message: "unable to read the compiled kernels 'kernels.wasm'",
      hint: 'Run `node scripts/build-kernels.mjs` in the installed program.',
      cause,
    });
  }
}

/** The compiled kernels, read once a thread. A module may be handed to worker threads, which saves them the compiling. */
export function loadKernelModule(): WebAssembly.Module {
  cached ??= new WebAssembly.Module(readKernels());
  return cached;
}

const kernelNames = ['polyStart', 'polyUpdate', 'polyFinish', 'rabinScan'] as const;

function isKernelExports(value: object): value is KernelExports {
  return (
    kernelNames.every((name) => typeof Reflect.get(value, name) === 'function') &&
    Reflect.get(value, 'memory') instanceof WebAssembly.Memory
  );
}

/** A fresh instance with a memory of its own. */
export function instantiateKernels(module: WebAssembly.Module): KernelExports {
  const { exports } = new WebAssembly.Instance(module, {});
  if (!isKernelExports(exports)) {
    throw new FortFailError({ kind: 'bug', code: 'kernels-outdated', message: 'unable to use the compiled kernels, an export is missing' });
  }
  return exports;
}
