export { MemoryBackend } from '../memory/memory-backend.ts';
export { type BackendFixture, backendSuite } from './backend-suite.ts';
export { type Call, type FaultPlan, FaultyBackend, isKilled } from './faulty-backend.ts';
export { S3Double } from './s3-double.ts';
