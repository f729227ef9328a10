import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

interface Upload {
  readonly path: string;
  readonly parts: Map<number, Buffer>;
}

/**
 * As much of an S3 server as FortFail asks of one, in memory: buckets, objects, uploads in parts, sums. It does NOT verify
 * signatures, so it can neither show that a presigned URL binds its length nor that a foreign key is refused: that is the
 * matter of real servers. Everything it was asked is in `requests`.
 */
export class S3Double implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Upload>();
  readonly requests: { readonly method: string; readonly path: string; readonly query: URLSearchParams }[] = [];
  readonly #buckets = new Set<string>();
  readonly #server: Server;
  /** When set, every request is answered with this status. */
  failWith: number | undefined;
  endpoint = '';

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<S3Double> {
    const double = new S3Double();
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    const address = double.#server.address();
    double.endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    return double;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<undefined> {
    const url = new URL(request.url ?? '/', this.endpoint);
    const path = decodeURIComponent(url.pathname).slice(1).replace(/\/$/, '');
    this.requests.push({ method: request.method ?? '', path, query: url.searchParams });
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch (error) {
      // The client broke off: an S3 server keeps nothing of such a request.
      if (error instanceof Error) return;
      throw error;
    }
    const body = Buffer.concat(pieces);
    if (this.failWith !== undefined) return refuse(response, this.failWith, 'InternalError');
    if (!path.includes('/')) return this.#bucket(request.method ?? '', path, response);
    if (!this.#buckets.has(path.split('/')[0] ?? '')) return refuse(response, 404, 'NoSuchBucket');
    if (isWrongSum(request, url, body)) return refuse(response, 400, 'BadDigest');
    if (url.searchParams.has('uploads') || url.searchParams.has('uploadId')) return this.#parts(request, url, path, body, response);
    this.#object(request.method ?? '', path, body, response);
  }

  #bucket(method: string, name: string, response: ServerResponse): undefined {
    if (method === 'PUT') this.#buckets.add(name);
    if (!this.#buckets.has(name)) return refuse(response, 404, 'NoSuchBucket');
    response.writeHead(200).end();
  }

  #object(method: string, path: string, body: Buffer, response: ServerResponse): undefined {
    if (method === 'PUT') {
      this.objects.set(path, body);
      response.writeHead(200, { etag: `"${createHash('md5').update(body).digest('hex')}"` }).end();
      return;
    }
    if (method === 'DELETE') {
      this.objects.delete(path);
      response.writeHead(204).end();
      return;
    }
    const found = this.objects.get(path);
    if (found === undefined) return refuse(response, 404, 'NoSuchKey');
    response.writeHead(200, { 'content-length': found.length, 'content-type': 'application/octet-stream' });
    response.end(method === 'HEAD' ? undefined : found);
  }

  #parts(request: IncomingMessage, url: URL, path: string, body: Buffer, response: ServerResponse): undefined {
    const id = url.searchParams.get('uploadId') ?? '';
    if (request.method === 'POST' && id === '') {
      const made = randomBytes(8).toString('hex');
      this.uploads.set(made, { path, parts: new Map() });
      return xml(response, `<InitiateMultipartUploadResult><UploadId>${made}</UploadId></InitiateMultipartUploadResult>`);
    }
    const upload = this.uploads.get(id);
    if (upload === undefined) return refuse(response, 404, 'NoSuchUpload');
    if (request.method === 'PUT') {
      upload.parts.set(Number(url.searchParams.get('partNumber')), body);
      response.writeHead(200, { etag: '"part"' }).end();
      return;
    }
    this.uploads.delete(id);
    if (request.method === 'DELETE') {
      response.writeHead(204).end();
      return;
    }
    const ordered = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    this.objects.set(upload.path, Buffer.concat(ordered));
    xml(response, '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
  }
}

function isWrongSum(request: IncomingMessage, url: URL, body: Buffer): boolean {
  const stated = request.headers['x-amz-checksum-sha256'] ?? url.searchParams.get('x-amz-checksum-sha256');
  return typeof stated === 'string' && stated !== createHash('sha256').update(body).digest('base64');
}

function refuse(response: ServerResponse, status: number, code: string): undefined {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
}

function xml(response: ServerResponse, text: string): undefined {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
}
