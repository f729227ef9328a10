export { makeCsr, readCsr } from './csr.ts';
export { type CertificateFacts, caFingerprint, isIssuedBy, readCertificate } from './read-certificate.ts';
export { agentUri, createSiteCa, issueAgentCertificate, issueServerCertificate } from './site-ca.ts';
export type { CertificateAndKey } from './x509.ts';
