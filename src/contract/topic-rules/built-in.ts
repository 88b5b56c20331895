import { conventionPacks } from '../packs/built-in/list.js';
import { spillway } from '../packs/built-in/spillway.js';
import type { TopicRule } from './topic-rule.js';

/** Topics of our own, which the gateway's kernel knows by itself: no rule of a tenant's changes what they mean. */
export const ownTopicRules: readonly TopicRule[] = spillway.topicRules;

/** The rules that need no rule of the user's, tried after those of the tenant. */
export const conventionRules: readonly TopicRule[] = conventionPacks.flatMap(({ topicRules }) => topicRules);

export const builtInRules: readonly TopicRule[] = [...ownTopicRules, ...conventionRules];
