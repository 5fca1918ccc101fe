/** Bytes of a map key, the address of a chunk in its writer's tree (chapter 03 section 7). */
export const MAP_KEY_SIZE = 32;
