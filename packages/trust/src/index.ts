export {
  type Approval,
  type ApprovalDocument,
  type ApprovalQuestion,
  approvalDocument,
  approvalText,
  readApproval,
  readApprovals,
  type VerifiedApproval,
} from './documents/approval.ts';
export { type HeadFacts, headText } from './documents/audit-head.ts';
export { type Card, card, cardText, readCard } from './documents/card.ts';
export { coseToJwk } from './documents/cose.ts';
export { type GrantOrder, grantOrder, grantOrderText, readGrantOrder, textDigest } from './documents/grant-order.ts';
export type { SignedText } from './documents/read-signed.ts';
export {
  type AdminRight,
  type PasskeyJwk,
  type Roster,
  type RosterAdmin,
  type RosterPasskey,
  type RosterSigner,
  readRoster,
  roster,
  rosterPasskeys,
  rosterSigners,
  rosterText,
} from './documents/roster.ts';
export { approvalChallenge } from './documents/webauthn.ts';
export { generateSealingKey, openWith, sealingRecipient, sealTo } from './envelope/envelope.ts';
export { decodeJoinString, encodeJoinString, type JoinFields } from './join/join-string.ts';
export { type KitFacts, type KitPeer, type KitSection, type KitStore, kitSections, kitText } from './kit/kit-text.ts';
export { groupsOfSix, kitConfirmationHash, kitIdOf, RecoveryKey } from './kit/recovery-key.ts';
export { joinShares, splitShares } from './kit/shares.ts';
export { IdentityKey, jwkThumbprint, type P256PublicJwk } from './proof/identity-key.ts';
export { readOrder, signOrder } from './proof/order.ts';
export { claimedNonce, type ProvenRequest, type RequestProof, readRequestProof, signRequestProof } from './proof/request-proof.ts';
export {
  hashSecret,
  makeTypedSecret,
  readTypedSecret,
  redactTypedSecrets,
  type TypedSecret,
  type TypedSecretPrefix,
  typedSecretPattern,
} from './secrets/typed-secret.ts';
export { type AllowedSigner, formatAllowedSigners } from './ssh/allowed-signers.ts';
export { type Namespace, namespaces } from './ssh/namespaces.ts';
export {
  formatSshPublicKey,
  isSameSshKey,
  parseSshPublicKey,
  type SshKeyType,
  type SshPublicKey,
  sshFingerprint,
} from './ssh/public-key.ts';
export { verifySshSignature } from './ssh/signature.ts';
export { SigningKey } from './ssh/signing-key.ts';
export { type AgentKeys, agentKeysDigest, agentWords } from './words/agent-words.ts';
export { sixWords } from './words/six-words.ts';
