import { hostname, userInfo } from 'node:os';
import process from 'node:process';

/** Who a lock says is at work. */
export interface HostIdentity {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

function readUsername(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an account, usual in containers.
    return String(uid);
  }
}

/** This process. */
export function readHostIdentity(): HostIdentity {
  const uid = process.getuid?.() ?? 0;
  return { hostname: hostname(), username: readUsername(uid), pid: process.pid, uid, gid: process.getgid?.() ?? 0 };
}

/** Whether a process of this host lives; one of another user counts as living. */
export function isProcessAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
