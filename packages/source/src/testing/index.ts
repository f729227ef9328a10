export { type CopyOptions, copyTree } from './copy-tree.ts';
export { type DescribeOptions, describeTree, type EntryDescription } from './describe-tree.ts';
export { listenAt, makeNastyTree, type NastyTreeOptions } from './nasty-tree.ts';
export { runAsNobody } from './run-as-nobody.ts';
