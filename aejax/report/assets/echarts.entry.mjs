// What echarts.js holds of Apache ECharts; echarts.txt says how it is made of this.
import { use } from "echarts/core";
import { BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent, GridComponent, LegendComponent, LegendScrollComponent, ParallelComponent, TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

use([
  BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart, AriaComponent, GridComponent,
  LegendComponent, LegendScrollComponent, ParallelComponent, TooltipComponent, VisualMapContinuousComponent,
  LabelLayout, CanvasRenderer, SVGRenderer,
]);
export { init, version } from "echarts/core";
