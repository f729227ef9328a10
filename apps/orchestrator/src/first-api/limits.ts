import { isIPv6 } from 'node:net';
import type { Clock } from '@fortfail/base';
import { refuse } from './refusal.ts';

const minuteMs = 60_000;
/** The oldest give way, so that a flood of addresses cannot fill the memory. */
const maxEntries = 10_000;
const freeFailures = 5;
const failureWindowMs = 15 * minuteMs;
const tokensPerMinute = 10;

/** Counts what each key did within a window of time, and says no beyond a limit. */
class Window {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #entries = new Map<string, { count: number; sinceMs: number }>();

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  count(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isOver(entry) ? 0 : entry.count;
  }

  add(key: string): void {
    const entry = this.#entries.get(key);
    const next = entry === undefined || this.#isOver(entry) ? { count: 0, sinceMs: this.#clock.monotonicMs() } : entry;
    next.count += 1;
    this.#entries.delete(key);
    this.#entries.set(key, next);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries) break;
      this.#entries.delete(oldest);
    }
  }

  secondsLeft(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 1 : Math.max(1, Math.ceil((entry.sinceMs + this.#windowMs - this.#clock.monotonicMs()) / 1000));
  }

  #isOver(entry: { sinceMs: number }): boolean {
    return this.#clock.monotonicMs() - entry.sinceMs >= this.#windowMs;
  }
}

/** How often one address and one caller may ask, how often a secret may be wrong, how much may be under way. */
export class Limits {
  readonly #perMinute: number | undefined;
  readonly #requests: Window;
  readonly #tokens: Window;
  readonly #failures: Window;
  readonly #transfers = new Map<string, number>();
  #allTransfers = 0;

  constructor(clock: Clock, perMinute: number | undefined) {
    this.#perMinute = perMinute;
    this.#requests = new Window(clock, minuteMs);
    this.#tokens = new Window(clock, minuteMs);
    this.#failures = new Window(clock, failureWindowMs);
  }

  /** A request that changes something or costs something, by its address. Throws 429. */
  request(address: string): void {
    if (this.#perMinute !== undefined) take(this.#requests, `address ${networkOf(address)}`, this.#perMinute);
  }

  /** A request of a known caller: agents poll, and many of them may share an address. Throws 429. */
  caller(name: string): void {
    if (this.#perMinute !== undefined) take(this.#requests, `caller ${name}`, 10 * this.#perMinute);
  }

  /** Before a registration secret is looked at. Throws 429. */
  token(address: string): void {
    const network = networkOf(address);
    if (this.#failures.count(network) >= freeFailures)
      throw refuse(429, 'too-many-failures', 'Too many wrong secrets, try again later', this.#failures.secondsLeft(network));
    if (this.#perMinute !== undefined) take(this.#tokens, network, Math.min(tokensPerMinute, this.#perMinute));
  }

  failed(address: string): void {
    this.#failures.add(networkOf(address));
  }

  /** Takes a place for an upload or download; disposing gives it back. Throws 429 when there is none. */
  transfer(name: string): Disposable {
    const own = this.#transfers.get(name) ?? 0;
    if (own >= 4 || this.#allTransfers >= 32) throw refuse(429, 'too-many-transfers', 'Too many transfers at once, try again later', 5);
    this.#transfers.set(name, own + 1);
    this.#allTransfers += 1;
    return {
      [Symbol.dispose]: () => {
        this.#allTransfers -= 1;
        const left = (this.#transfers.get(name) ?? 1) - 1;
        if (left === 0) this.#transfers.delete(name);
        else this.#transfers.set(name, left);
      },
    };
  }
}

function take(window: Window, key: string, most: number): void {
  if (window.count(key) >= most) throw refuse(429, 'rate-limit', `Rate limit exceeded: ${most} per 1 minute`, window.secondsLeft(key));
  window.add(key);
}

/** A household has a whole /64 of IPv6 to draw addresses from. */
function networkOf(address: string): string {
  return isIPv6(address) && !address.startsWith('::ffff:') ? addressGroups(address).slice(0, 4).join(':') : address.replace(/^::ffff:/, '');
}

/** The eight groups of an IPv6 address. */
export function addressGroups(address: string): string[] {
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const middle = address.includes('::') ? new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : [];
  return [...left, ...middle, ...right].map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
}
