import { after } from './clock.ts';

/** Lets the browser save a text under exactly this name. Nothing is sent: the text goes from the page into the file. */
export const saveFile = (name: string, text: string): void => {
  // As plain text it would be given the ending .txt where it has none of its own.
  const url = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click has ended.
  after(10_000, () => URL.revokeObjectURL(url));
};
