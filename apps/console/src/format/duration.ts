/** Ages and measured times read the same here as in the sentences that the server computes: policy owns the words. */
export { formatAge as duration, formatMeasured as measured } from '@fortfail/policy';
