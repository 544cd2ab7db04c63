// What a dashboard of ours may hold, in Grafana's own types: scripts/grafana-schema makes dashboard.schema.json of it.
// Grafana fills in what a panel leaves open, so options may be missing; none may be unknown or of another kind.
import type { DataQuery } from '@grafana/schema/dist/types/common/common.gen';
import type * as core from '@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen';
import type * as stat from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as states from '@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as series from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Some<T> = T extends Array<infer E> ? Array<Some<E>> : T extends object ? { [K in keyof T]?: Some<T[K]> } : T;

interface Query extends DataQuery { expr: string; legendFormat: string; instant?: boolean; range?: boolean }

interface Shown<Custom> extends Omit<core.FieldConfigSource, 'defaults'> {
  defaults: Omit<core.FieldConfig, 'custom'> & { custom?: Some<Custom> };
}

interface Drawn<Type extends string, Options, Custom>
  extends Omit<core.Panel, 'type' | 'title' | 'targets' | 'options' | 'fieldConfig'> {
  type: Type; title: string; targets: Query[]; options: Some<Options>; fieldConfig: Shown<Custom>;
}

export interface Dashboard extends Omit<core.Dashboard, 'panels'> {
  panels: Array<
    | core.RowPanel
    | Drawn<'stat', stat.Options, {}>
    | Drawn<'state-timeline', states.Options, states.FieldConfig>
    | Drawn<'timeseries', series.Options, series.FieldConfig>
  >;
}
