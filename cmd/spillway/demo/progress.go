package demo

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

// The stages of a run.
const (
	stageStart = "starting"
	stageScan  = "looking for files"
	stageHead  = "reading imports"
	stageIndex = "indexing"
	stageAsk   = "asking"
	stageDone  = "done"
)

// progress counts while the work is done. It is safe for concurrent use.
type progress struct {
	stage        atomic.Pointer[string]
	total, done  atomic.Int64 // files
	declarations atomic.Int64
}

// Progress is a snapshot of how far a run is.
type Progress struct {
	Stage        string `json:"stage"`
	Total        int64  `json:"total"`
	Done         int64  `json:"done"`
	Declarations int64  `json:"declarations"`
}

func (p *progress) enter(stage string) { p.stage.Store(&stage) }

func (p *progress) now() Progress {
	stage := stageStart
	if s := p.stage.Load(); s != nil {
		stage = *s
	}
	return Progress{stage, p.total.Load(), p.done.Load(), p.declarations.Load()}
}

// show prints the progress until ctx ends: on a terminal in one line that is drawn again
// and removed at the end, elsewhere as a line every two seconds.
func (p *progress) show(ctx context.Context, w io.Writer, t Terminal, stats func() pool.Stats) {
	every := 2 * time.Second
	if t.Live {
		every = 100 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			if t.Live {
				io.WriteString(w, "\r\x1b[K")
			}
			return
		case <-tick.C:
		}
		s := stats()
		if t.Live {
			io.WriteString(w, "\r\x1b[K"+p.liveLine(t, s, time.Since(start)))
		} else {
			io.WriteString(w, p.plainLine(s, time.Since(start))+"\n")
		}
	}
}

func (p *progress) plainLine(s pool.Stats, d time.Duration) string {
	n := p.now()
	line := "spillway: " + n.Stage
	if n.Total > 0 {
		line += fmt.Sprintf(": %d of %d files, %d declarations", n.Done, n.Total, n.Declarations)
	}
	return line + fmt.Sprintf(", connections %d used %d idle, %d waiting, %s", s.Used, s.Idle, s.Waiting, seconds(d.Seconds()))
}

func (p *progress) liveLine(t Terminal, s pool.Stats, d time.Duration) string {
	n := p.now()
	share := 0.0
	if n.Total > 0 {
		share = float64(n.Done) / float64(n.Total)
	}
	head := fmt.Sprintf("%-17s ", n.Stage)
	const barWidth = 20
	picture := pad(bar(share, barWidth), barWidth)
	tail := ""
	// Parts are left out from the end where the terminal is narrow: a line that wraps can
	// not be drawn over.
	for _, part := range []string{
		fmt.Sprintf(" %3.0f%%", 100*share),
		"  " + seconds(d.Seconds()),
		fmt.Sprintf("  %s/%s files", group(n.Done), group(n.Total)),
		fmt.Sprintf("  %s declarations", group(n.Declarations)),
		fmt.Sprintf("  pool %d used %d idle %d waiting", s.Used, s.Idle, s.Waiting),
	} {
		if len(head)+barWidth+len(tail)+len(part) >= t.Width {
			break
		}
		tail += part
	}
	return t.title(head) + t.accent(picture) + t.dim(tail)
}
