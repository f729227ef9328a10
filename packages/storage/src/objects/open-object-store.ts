import { LocalObjectStore } from './local/local-object-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { S3Place } from './s3/s3-object-store.ts';

export type ObjectPlace = { readonly kind: 'local'; readonly folder: string } | ({ readonly kind: 's3' } & S3Place);

/** The store of that place. S3's program is loaded only when it is used. Whoever opened it disposes of it. */
export async function openObjectStore(place: ObjectPlace): Promise<ObjectStore> {
  if (place.kind === 'local') return new LocalObjectStore(place.folder);
  const { S3ObjectStore } = await import('./s3/s3-object-store.ts');
  return new S3ObjectStore(place);
}
