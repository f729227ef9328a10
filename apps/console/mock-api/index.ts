export { type MockApi, type MockOptions, startMockApi } from './server.ts';
export type { World } from './world.ts';
