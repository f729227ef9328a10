import type { Repository } from '@fortfail/protocol';
import type { PlanProof } from './prove-plans.ts';

/** What `start --json` prints: the fields are promised to scripts. */
export interface StartSummary {
  readonly data: string;
  readonly url: string;
  readonly repository: string;
  readonly passwordFile: string;
  readonly restorePoints: readonly {
    readonly id: string;
    readonly plan: string;
    readonly kind: 'files' | 'config';
    readonly snapshot: string;
    readonly grade: string;
    readonly files: number;
    readonly bytes: number;
  }[];
  readonly drills: readonly {
    readonly restorePoint: string;
    readonly outcome: 'passed' | 'failed';
    readonly files: number;
    readonly bytes: number;
    readonly comparedBytes: number;
    readonly rtoSeconds: number;
  }[];
  readonly tookSeconds: number;
}

export function startSummary(
  data: string,
  url: string,
  repository: Repository,
  proofs: readonly PlanProof[],
  tookSeconds: number,
): StartSummary {
  return {
    data,
    url,
    repository: repository.location,
    passwordFile: repository.passwordFile ?? '',
    restorePoints: proofs.flatMap(({ plan, kind, point }) =>
      point === undefined
        ? []
        : [{ id: point.id, plan, kind, snapshot: point.snapshot, grade: point.grade, files: point.files, bytes: point.bytes }],
    ),
    drills: proofs.flatMap(({ drill }) =>
      drill === undefined
        ? []
        : [
            {
              restorePoint: drill.restorePointId,
              outcome: drill.outcome,
              files: drill.files,
              bytes: drill.bytes,
              comparedBytes: drill.comparedBytes,
              rtoSeconds: drill.rtoSeconds,
            },
          ],
    ),
    tookSeconds: Math.round(tookSeconds * 1000) / 1000,
  };
}
