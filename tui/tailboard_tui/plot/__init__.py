"""From columns of points to cells of a chart: downsampling, smoothing, axes, canvas. No Textual."""
