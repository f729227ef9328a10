export { polyFinish, polyStart, polyUpdate } from './poly1305';
export { rabinScan } from './rabin';
