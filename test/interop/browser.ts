/** A browser of a user who presses one button wherever there is a form: follows redirects, keeps cookies. */

/** The button that the user presses. */
export type Answer = 'allow' | 'deny';

const MOST_PAGES = 20;

/** One browser. What it was signed in to, it stays signed in to. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /** Visits `start`, and gives the URL of another origin that it is sent to in the end; rejects with the text of a page that has no button. */
  async visit(start: string, answer: Answer = 'allow'): Promise<URL> {
    let [url, init] = [new URL(start), {} as RequestInit];
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const response = await this.#load(url, init);
      const location = response.headers.get('location');
      const text = await response.text();
      if (location === null && !text.includes('<form')) throw new Error(`The page says ${response.status}: ${text}`);
      init = location === null ? { method: 'POST', body: new URLSearchParams({ answer }) } : {};
      const next = location === null ? url : new URL(location, url);
      if (next.origin !== url.origin) return next;
      url = next;
    }
    throw new Error(`The browser was sent on ${MOST_PAGES} times`);
  }

  async #load(url: URL, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}
