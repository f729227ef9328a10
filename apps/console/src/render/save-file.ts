import { after } from './clock.ts';

/** Lets the browser save a text under this name. Nothing is sent: the text goes from the page into the file. */
export const saveFile = (name: string, text: string, type = 'text/plain'): void => {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click has ended.
  after(10_000, () => URL.revokeObjectURL(url));
};
