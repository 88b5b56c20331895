import type { Part } from '../part.js';
import { topicRuleRoutes } from './routes.js';
import type { TopicRules } from './topic-rules.js';
import { type TrialRoutesOptions, trialRoutes } from './trial-routes.js';

export interface TopicRulesPartOptions extends TrialRoutesOptions {
  readonly topicRules: TopicRules;
}

/** Topic rules over the API. */
export function topicRulesPart(options: TopicRulesPartOptions): Part {
  return { role: 'control', routes: [...topicRuleRoutes(options.topicRules, options.keys), ...trialRoutes(options)] };
}
