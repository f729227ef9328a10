const newline = 0x0a;

/**
 * The lines of a stream of UTF-8 bytes, cut at `\n` and nowhere else, without it; a last line without its end comes, too.
 * (Node's readline also cuts at U+2028 and U+2029, which may stand in the middle of a JSON text.)
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let open = '';
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, begin)) {
      yield open + decoder.decode(chunk.subarray(begin, end));
      open = '';
      begin = end + 1;
    }
    open += decoder.decode(chunk.subarray(begin), { stream: true });
  }
  open += decoder.decode();
  if (open !== '') yield open;
}
