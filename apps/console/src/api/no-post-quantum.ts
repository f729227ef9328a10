/** In the place of a library's part that the console never uses: recipients of other kinds are refused before it. */
export const MLKEM768P256 = undefined;
export const MLKEM768X25519 = undefined;
