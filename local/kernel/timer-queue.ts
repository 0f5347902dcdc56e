/** A timer of the platform's clock. */
export interface Timer {
  cancel(): void;
}

export interface TimerEntry {
  readonly time: number;
  readonly seq: number;
  readonly fn: () => void;
  readonly background: boolean;
  cancelled: boolean;
}

const before = (a: TimerEntry, b: TimerEntry): boolean =>
  a.time < b.time || (a.time === b.time && a.seq < b.seq);

/** A binary heap of timers: earliest first, and in order of setting where the times are equal. */
export class TimerQueue {
  readonly #heap: TimerEntry[] = [];
  #seq = 0;
  #foreground = 0;

  /** Timers that are neither cancelled nor in the background. */
  get foreground(): number {
    return this.#foreground;
  }

  add(time: number, fn: () => void, background: boolean): TimerEntry {
    const entry: TimerEntry = { time, seq: this.#seq++, fn, background, cancelled: false };
    if (!background) this.#foreground++;
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    return entry;
  }

  cancel(entry: TimerEntry): void {
    if (entry.cancelled) return;
    entry.cancelled = true;
    if (!entry.background) this.#foreground--;
  }

  peek(): TimerEntry | undefined {
    while (this.#heap[0]?.cancelled) this.#removeFirst();
    return this.#heap[0];
  }

  /** Takes the earliest timer; it counts as done from here on. */
  take(): TimerEntry | undefined {
    const first = this.peek();
    if (!first) return undefined;
    this.#removeFirst();
    this.cancel(first);
    return first;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
  }

  #at(index: number): TimerEntry {
    const entry = this.#heap[index];
    if (!entry) throw new RangeError(`timer heap has no entry ${index}`);
    return entry;
  }

  #swap(a: number, b: number): void {
    const entry = this.#at(a);
    this.#heap[a] = this.#at(b);
    this.#heap[b] = entry;
  }

  #up(index: number): void {
    for (let i = index; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(this.#at(i), this.#at(parent))) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(index: number): void {
    for (let i = index; ; ) {
      const left = 2 * i + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const least = right < this.#heap.length && before(this.#at(right), this.#at(left)) ? right : left;
      if (!before(this.#at(least), this.#at(i))) return;
      this.#swap(i, least);
      i = least;
    }
  }
}
