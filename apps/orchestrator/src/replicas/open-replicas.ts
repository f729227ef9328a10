import { PostgresReplicas, type PostgresReplicasParts } from './postgres-replicas.ts';
import { type Replicas, soleReplica } from './replicas.ts';

/** This process among others where the database can be shared, else the only one. */
export function openReplicas(parts: PostgresReplicasParts): Replicas {
  return parts.database.openSession === undefined ? soleReplica(parts.home) : new PostgresReplicas(parts);
}
