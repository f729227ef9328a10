import { visibleText } from './visible-text.ts';

/** How the first bytes of a file are shown. */
export type PreviewKind = 'empty' | 'text' | 'image' | 'bytes';

/** Media types that are drawn, by how such files begin. SVG is not among them: it is a program in disguise. */
const images: readonly (readonly [string, readonly (number | undefined)[]])[] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
  ['image/webp', [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50]],
];

/** The media type of a picture that a browser draws; undefined for all else. Names are not looked at: they lie. */
export const imageType = (bytes: Uint8Array): string | undefined =>
  images.find(([, start]) => start.every((byte, at) => byte === undefined || bytes[at] === byte))?.[0];

/** The text of bytes that are text; undefined for all else. A character that the end cut in two is left out. */
export const textOf = (bytes: Uint8Array, isCut: boolean): string | undefined => {
  if (bytes.includes(0)) return undefined;
  for (let less = 0; less <= (isCut ? 3 : 0); less += 1) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytes.length - less));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return undefined;
};

/** What to show of a file that begins so. A picture that was cut off is shown as bytes: half a picture is none. */
export const previewKind = (bytes: Uint8Array, isCut: boolean): PreviewKind => {
  if (bytes.length === 0) return 'empty';
  if (imageType(bytes) !== undefined) return isCut ? 'bytes' : 'image';
  return textOf(bytes, isCut) === undefined ? 'bytes' : 'text';
};

/** Bytes of base64 text. */
export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

const printable = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.');

/** Lines of sixteen bytes: where, the bytes in hex, and as letters. */
export const hexLines = (bytes: Uint8Array, most: number): { readonly at: string; readonly hex: string; readonly text: string }[] => {
  const lines: { at: string; hex: string; text: string }[] = [];
  for (let from = 0; from < bytes.length && lines.length < most; from += 16) {
    const part = Array.from(bytes.subarray(from, from + 16));
    const hex = part.map((byte, at) => `${at === 8 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`).join(' ');
    lines.push({ at: from.toString(16).padStart(8, '0'), hex, text: part.map(printable).join('') });
  }
  return lines;
};

/** The lines of a text as they can be shown safely; tabs stay. */
export const shownLines = (text: string, most: number): string[] =>
  text.split('\n', most).map((line) => line.replace(/\r$/, '').split('\t').map(visibleText).join('\t'));
