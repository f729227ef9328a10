const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size as restic prints it: `955 B`, `1.649 KiB`. */
export function formatBinaryBytes(sizeBytes: number): string {
  let unit = binaryUnits.length - 1;
  while (unit > 0 && sizeBytes < 1024 ** unit) unit -= 1;
  return unit === 0 ? `${sizeBytes} B` : `${(sizeBytes / 1024 ** unit).toFixed(3)} ${binaryUnits[unit]}`;
}

/** Seconds as restic prints them: `0:07`, `12:40`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A part of a whole as restic prints it; never over 100 %, and 100 % of nothing. */
export function formatPercent(part: number, whole: number): string {
  const percent = whole === 0 ? 100 : Math.min(100, (100 * part) / whole);
  return `${percent.toFixed(2)}%`;
}

/** `2026-11-21 08:40:36` in this host's zone. */
export function formatLocalTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** A span for people: `7 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function formatSpan(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 36) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How many terminal columns a text takes: wide characters count twice, marks not at all. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue;
    const isWide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3);
    width += isWide || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xff00 && code <= 0xff60) || code >= 0x1f300 ? 2 : 1;
  }
  return width;
}

/** A text without characters that would move the cursor or change colours: file names are somebody else's. */
export function printable(text: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(text) ? JSON.stringify(text).replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16)}`) : text;
}
