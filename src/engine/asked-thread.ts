// A thread of the agent that is asked one thing after the other and may tell something by itself: both ends of it. It may die;
// whoever waits for an answer then is told so, and whoever holds it decides whether another one begins.

import { Worker, parentPort } from 'node:worker_threads';

interface Question<Task> {
  number: number;
  task: Task;
}

type Message<Answer, News> = { number: number; answer: Answer } | { news: News };

export interface ThreadListener<News> {
  /** What it tells by itself. */
  told(news: News): void;
  failed(error: Error): void;
  /** It is there no more, whatever the reason; it has lasted so many milliseconds. */
  ended(lastedMs: number): void;
}

export class AskedThread<Task, Answer, News> {
  private readonly waiting = new Map<number, (answer: Answer | undefined) => void>();
  private worker: Worker | undefined;
  private asked = 0;

  /** `program`: what the thread runs; it calls answerTasks. */
  constructor(private readonly program: URL, private readonly listener: ThreadListener<News>) {}

  get isRunning(): boolean {
    return this.worker !== undefined;
  }

  /** The caller's word that it is not running. */
  start(): void {
    const begun = performance.now();
    const worker = new Worker(this.program);
    worker.on('message', (message: Message<Answer, News>) => this.hear(worker, message));
    worker.on('error', (error) => this.listener.failed(error));
    worker.on('exit', () => {
      this.worker = undefined;
      for (const done of this.waiting.values()) done(undefined);
      this.waiting.clear();
      this.listener.ended(performance.now() - begun);
    });
    worker.unref();
    this.worker = worker;
  }

  /** Its answer; undefined: there is no thread, or it has ended before. */
  ask(task: Task): Promise<Answer | undefined> {
    const { worker } = this;
    if (worker === undefined) return Promise.resolve(undefined);
    const number = this.asked += 1;
    // The process must not end while somebody waits.
    worker.ref();
    return new Promise((resolve) => {
      this.waiting.set(number, resolve);
      worker.postMessage({ number, task } satisfies Question<Task>);
    });
  }

  async stop(): Promise<void> {
    await this.worker?.terminate();
  }

  private hear(worker: Worker, message: Message<Answer, News>): void {
    if ('news' in message) return this.listener.told(message.news);
    this.waiting.get(message.number)?.(message.answer);
    this.waiting.delete(message.number);
    if (this.waiting.size === 0) worker.unref();
  }
}

/** In the thread: does what it is asked, one after the other. `lasts`: nothing that comes later waits for such a task. */
export function answerTasks<Task, Answer>(work: (task: Task) => Promise<Answer>, lasts: (task: Task) => boolean = () => false): void {
  let queue: Promise<unknown> = Promise.resolve();
  parentPort!.on('message', ({ number, task }: Question<Task>) => {
    queue = queue.then(async () => {
      const done = work(task).then((answer) => parentPort!.postMessage({ number, answer }));
      if (!lasts(task)) await done;
    });
  });
}

/** In the thread: tells whoever holds it. */
export function tell(news: unknown): void {
  parentPort!.postMessage({ news });
}
