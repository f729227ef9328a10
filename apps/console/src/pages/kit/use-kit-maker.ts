import { useQuery } from '@tanstack/react-query';

/** The part that makes and confirms kits, once it is loaded. Nothing it makes is in this cache: only its code. */
export const useKitMaker = () =>
  useQuery({
    queryKey: ['kit-maker'],
    staleTime: Number.POSITIVE_INFINITY,
    networkMode: 'always',
    queryFn: () => import('./kit-maker.ts'),
  });
