/** `resources/read` of a uri that the server does not know. Source: 2025-11-25, server, "Resources", "Error Handling". */
export const RESOURCE_NOT_FOUND = -32002;
