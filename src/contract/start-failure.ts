/** Why the appliance does not come up: `code` is stable for scripts, `message` reads "cannot <verb> <object>: <cause>". */
export class StartFailure extends Error {
  readonly code: string;
  readonly wayOut: string;

  constructor(code: string, message: string, wayOut: string) {
    super(message);
    this.name = 'StartFailure';
    this.code = code;
    this.wayOut = wayOut;
  }
}
