/** Files that hold what must not leave the machine, by their names. */
const SECRET =
  /(^|\/)(\.env(\..+)?|\.npmrc|\.netrc|\.pypirc|\.htpasswd|\.git-credentials|\.(ssh|aws|gnupg)\/.*|id_(rsa|ed25519|ecdsa|dsa)|.*\.(pem|key|p12|pfx|jks|keystore))$/i;
const ALLOWED = /(^|\/)\.env\.(example|sample|template)$/i;

export const isSecretPath = (path: string): boolean => SECRET.test(path) && !ALLOWED.test(path);
