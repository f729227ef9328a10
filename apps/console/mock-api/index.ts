export { type MockApi, type MockOptions, startMockApi } from './server.ts';
export { grantAt, moreAgents, noKit } from './site-world.ts';
export type { World } from './world.ts';
