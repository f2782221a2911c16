// What the demo prints: numbered steps, commands, quoted output; colour on a terminal only.
const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function paint(code: number, text: string): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text: string) => paint(1, text);
export const green = (text: string) => paint(32, text);
const dim = (text: string) => paint(2, text);

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

let steps = 0;

export function step(title: string): void {
  say();
  say(bold(`== ${++steps}. ${title}`));
}

export function command(host: string, text: string): void {
  say(`   ${dim(`${host}#`)} ${text}`);
}

export function quote(text: string): void {
  for (const line of text.trimEnd().split('\n')) say(`   | ${line}`);
}

export function proven(text: string): void {
  say(`   ${green('ok')} ${text}`);
}

/** A counter that rewrites its line on a terminal and speaks at each quarter elsewhere. */
export class Progress {
  #quarter = 0;

  constructor(
    readonly what: string,
    readonly total: number,
  ) {}

  at(done: number): void {
    if (process.stdout.isTTY) process.stdout.write(`\r   ${this.what}: ${done} of ${this.total} `);
    else if (Math.floor((done * 4) / this.total) > this.#quarter) {
      this.#quarter = Math.floor((done * 4) / this.total);
      say(`   ${this.what}: ${done} of ${this.total}`);
    }
    if (done === this.total && process.stdout.isTTY) say();
  }
}
