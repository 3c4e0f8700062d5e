// Hands out loopback addresses, one per sample pod, out of 127.0.0.0/8. The kernel answers for all of them without any setup.
// It only counts; whether a port of an address is free shows when the pod listens.

const PER_OCTET = 254;

export class LoopbackAddresses {
  #next: number;
  readonly #used = new Set<string>();

  /** `seed` picks the second octet, so that several dev clusters on one machine rarely meet. */
  constructor(seed: number) {
    this.#next = 1;
    this.#network = 16 + Math.abs(Math.trunc(seed)) % 200;
  }

  readonly #network: number;

  take(): string {
    for (let tries = 0; tries < PER_OCTET * PER_OCTET; tries += 1) {
      const number = this.#next;
      this.#next = number % (PER_OCTET * PER_OCTET) + 1;
      const address = `127.${this.#network}.${Math.trunc((number - 1) / PER_OCTET)}.${(number - 1) % PER_OCTET + 1}`;
      if (this.#used.has(address)) continue;
      this.#used.add(address);
      return address;
    }
    throw new Error(`no loopback address is left in 127.${this.#network}.0.0/16: scale the Deployments down`);
  }

  release(address: string): void {
    this.#used.delete(address);
  }
}
