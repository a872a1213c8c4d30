/** What is known of an authorization server. Source: RFC 8414 section 2. */

/** An authorization server, by its metadata: checked, its issuer proven, its endpoints such that something may be sent to them. */
export interface AuthorizationServer {
  /** As it stands in the metadata, to be compared character by character. */
  readonly issuer: string;
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly registrationEndpoint: string | undefined;
  readonly scopesSupported: readonly string[] | undefined;
  readonly grantTypesSupported: readonly string[] | undefined;
  readonly codeChallengeMethodsSupported: readonly string[] | undefined;
  readonly tokenEndpointAuthMethodsSupported: readonly string[] | undefined;
  readonly tokenEndpointAuthSigningAlgValuesSupported: readonly string[] | undefined;
  readonly dpopSigningAlgValuesSupported: readonly string[] | undefined;
  /** Whether a client may be named by the URL of its metadata document. */
  readonly clientIdMetadataDocumentSupported: boolean;
  /** Whether authorization responses name the issuer. Source: RFC 9207 section 3. */
  readonly authorizationResponseIssParameterSupported: boolean;
}

/** The client, as one authorization server knows it. */
export interface ClientCredentials {
  readonly clientId: string;
  /** How it proves itself; see client-authentication.ts. */
  readonly tokenEndpointAuthMethod: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
}
