/** A value that an option does not take. The message says what it must be and never repeats a secret. */
export class OptionProblem extends Error {}
