import type { KitSection } from '@fortfail/trust';
import PDFDocument from 'pdfkit';
import { encode } from 'uqr';

const margin = 42;
const codeSize = 118;

/** The printed kit as one A4 page: the same blocks as the text, and the secret once more as a QR code. */
export async function kitPdf(title: string, sections: readonly KitSection[], secret: string): Promise<Uint8Array> {
  const page = new PDFDocument({ size: 'A4', margin, info: { Title: title, Producer: 'FortFail' } });
  const parts: Uint8Array[] = [];
  page.on('data', (part: Uint8Array) => parts.push(part));
  const ended = new Promise<void>((resolve, reject) => {
    page.on('end', resolve);
    page.on('error', reject);
  });
  page.font('Helvetica-Bold').fontSize(17).text(title, margin, margin);
  drawCode(page, secret, page.page.width - margin - codeSize, margin);
  page.y = margin + 34;
  for (const { title: heading, lines } of sections) {
    // Beside the code lines must not run into it.
    const width = page.page.width - 2 * margin - (page.y < margin + codeSize ? codeSize + 12 : 0);
    page.font('Helvetica-Bold').fontSize(8.5).text(heading, margin, page.y, { width });
    page.font('Courier').fontSize(7.4);
    for (const line of lines) page.text(line === '' ? ' ' : line, { width, lineGap: 0.6 });
    page.moveDown(0.6);
  }
  page.end();
  await ended;
  return Buffer.concat(parts);
}

function drawCode(page: PDFKit.PDFDocument, text: string, left: number, top: number): void {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const step = codeSize / size;
  data.forEach((row, y) => {
    row.forEach((isDark, x) => {
      if (isDark) page.rect(left + x * step, top + y * step, step + 0.05, step + 0.05);
    });
  });
  page.fill('#000000');
}
