package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// chart draws the ratios as bars from 1 on a logarithmic axis, to the right where
// Spillway is ahead, each with a mark at its goal.
func chart(file string, all []recorded) error {
	if len(all) == 0 {
		return nil
	}
	all = slices.Clone(all)
	slices.Reverse(all) // the first one on top
	p := plot.New()
	p.Title.Text = "Spillway and its peers"
	p.X.Label.Text = "how many times faster Spillway is (marks: goals)"
	p.X.Tick.Marker = plot.ConstantTicks(ticks(all))
	p.Add(plotter.NewGrid())
	var ahead, behind plotter.Values
	goals := make(plotter.XYs, len(all))
	var names []string
	for i, r := range all {
		x := math.Log10(r.Ratio)
		ahead, behind = append(ahead, max(x, 0)), append(behind, min(x, 0))
		goals[i] = plotter.XY{X: math.Log10(r.Goal), Y: float64(i)}
		names = append(names, fmt.Sprintf("%s · %s  %.2f", r.Name, r.Peer, r.Ratio))
	}
	for _, half := range []struct {
		values plotter.Values
		color  color.Color
	}{
		{ahead, color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}},
		{behind, color.RGBA{R: 0xd6, G: 0x5f, B: 0x3c, A: 0xff}},
	} {
		bars, err := plotter.NewBarChart(half.values, vg.Points(9))
		if err != nil {
			return err
		}
		bars.Horizontal, bars.Color, bars.LineStyle.Width = true, half.color, 0
		p.Add(bars)
	}
	marks, err := plotter.NewScatter(goals)
	if err != nil {
		return err
	}
	marks.GlyphStyle = draw.GlyphStyle{Color: color.Black, Radius: vg.Points(3), Shape: draw.PlusGlyph{}}
	p.Add(marks)
	p.NominalY(names...)
	return p.Save(24*vg.Centimeter, vg.Length(len(all))*vg.Points(15)+vg.Points(90), file)
}

// ticks labels the axis from the least ratio to the greatest.
func ticks(all []recorded) (out []plot.Tick) {
	low, high := 1.0, 1.0
	for _, r := range all {
		low, high = min(low, r.Ratio, r.Goal), max(high, r.Ratio, r.Goal)
	}
	for _, x := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500} {
		if x >= low/2 && x <= high*2 {
			out = append(out, plot.Tick{Value: math.Log10(x), Label: fmt.Sprint(x)})
		}
	}
	return out
}
