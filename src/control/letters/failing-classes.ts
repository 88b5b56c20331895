import type { Finding, SubjectRule } from '../alerts/rule.js';
import type { Tally } from './tallies.js';

/** Letters a minute. */
const RAISED_AT = 60;
const RAISED_AT_TIMES_USUAL = 10;
const CLEARED_BELOW = 20;
const CLEARED_BELOW_TIMES_USUAL = 2;
/** Time constants of the rate, and of what is usual. */
const RATE_MS = 60_000;
const USUAL_MS = 6 * 3_600_000;
/** What is usual is written down when it has changed by so much of itself. */
const KEPT_CHANGE = 0.1;
const CLEAR_AFTER_MS = 60_000;
/** Alerts at once: where more fail, these say enough. */
const FAILING_MAX = 20;

type Kind = Pick<Tally, 'tenant' | 'deviceClass' | 'reason'>;

interface Course extends Kind {
  /** Letters that ever were. */
  counted: number;
  /** Letters a minute. */
  rate: number;
  usual: number;
  /** As it was written down. */
  kept: number;
  isFailing: boolean;
}

/**
 * Judges the rate of dead letters by tenant, class of devices and reason against its own past: what is many for one is usual for
 * another. While one fails, its past stays what it was, so that a failure does not become usual.
 */
export class FailingClasses {
  readonly #courses = new Map<string, Course>();
  #lookedMs: number | undefined;

  /** Takes up the tallies of a look; answers what is usual by now, where it is to be written down. */
  look(tallies: readonly Tally[], nowMs: number): Pick<Tally, keyof Kind | 'usual'>[] {
    const elapsedMs = Math.max(1, nowMs - (this.#lookedMs ?? nowMs));
    // At the first look nobody knows when letters came; what is new later came since the look before.
    const isFirst = this.#lookedMs === undefined;
    this.#lookedMs = nowMs;
    for (const { tenant, deviceClass, reason, letters, removed, usual } of tallies) {
      const key = keyOf({ tenant, deviceClass, reason });
      const counted = letters + removed;
      const course = this.#courses.get(key) ?? {
        tenant,
        deviceClass,
        reason,
        counted: isFirst ? counted : 0,
        rate: 0,
        usual,
        kept: usual,
        isFailing: false,
      };
      this.#courses.set(key, course);
      step(course, counted, elapsedMs);
    }
    return [...this.#courses.values()].filter(isToKeep).map((course) => {
      course.kept = course.usual;
      return { tenant: course.tenant, deviceClass: course.deviceClass, reason: course.reason, usual: course.usual };
    });
  }

  /** Another process judges. */
  forget(): void {
    this.#courses.clear();
    this.#lookedMs = undefined;
  }

  get rule(): SubjectRule {
    const findEach = () => this.#findings();
    return { name: 'dead_letters_rising', severity: 'warning', raiseAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS, findEach };
  }

  #findings(): ReadonlyMap<string, Finding> {
    const failing = [...this.#courses].filter(([, { isFailing }]) => isFailing).slice(0, FAILING_MAX);
    return new Map(failing.map(([key, course]) => [key, findingOf(course)]));
  }
}

function step(course: Course, counted: number, elapsedMs: number): void {
  // Fewer than before: letters were taken away by hand.
  const letters = Math.max(0, counted - course.counted);
  course.counted = counted;
  const now = (letters * 60_000) / elapsedMs;
  course.rate += (now - course.rate) * (1 - Math.exp(-elapsedMs / RATE_MS));
  const { rate, usual, isFailing } = course;
  if (isFailing) course.isFailing = rate >= Math.max(CLEARED_BELOW, CLEARED_BELOW_TIMES_USUAL * usual);
  else course.isFailing = rate >= Math.max(RAISED_AT, RAISED_AT_TIMES_USUAL * usual);
  if (!course.isFailing && !isFailing) course.usual += (now - usual) * (1 - Math.exp(-elapsedMs / USUAL_MS));
}

function isToKeep({ usual, kept }: Course): boolean {
  return Math.abs(usual - kept) > Math.max(KEPT_CHANGE * kept, 0.01);
}

function keyOf({ tenant, deviceClass, reason }: Kind): string {
  return JSON.stringify([tenant, deviceClass, reason]);
}

function findingOf({ tenant, deviceClass, reason, rate, usual }: Course): Finding {
  const whose = tenant === '' ? 'devices that are in no registry' : `${classOf(deviceClass)} of tenant ${tenant}`;
  const query = new URLSearchParams(tenant === '' ? { unknown: 'true' } : { tenant });
  if (deviceClass !== '') query.set('device_class', deviceClass);
  query.set('reason', reason);
  const message = `${Math.round(rate)} dead letters a minute of ${whose} for ${reason}, ${usual.toFixed(1)} are usual`;
  return { message, link: `/v1/dead-letters?${query}` };
}

function classOf(deviceClass: string): string {
  return deviceClass === '' ? 'devices without a class' : `devices of class ${deviceClass}`;
}
