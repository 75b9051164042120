package pool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spillwaydb/spillway/pool"
)

func TestDefaultsAreTheSeeds(t *testing.T) {
	c := pool.Config{}.WithDefaults()
	if c.Size != 10 || c.Overflow != 20 || c.Timeout != 30*time.Second || c.Recycle != time.Hour {
		t.Errorf("defaults %d, %d, %v, %v; want 10, 20, 30s, 1h", c.Size, c.Overflow, c.Timeout, c.Recycle)
	}
	c = pool.Config{Overflow: pool.NoOverflow, Timeout: pool.NoWait, Recycle: pool.Never}.WithDefaults()
	if c.Overflow != 0 || c.Timeout != pool.NoWait || c.Recycle != pool.Never {
		t.Errorf("named settings became %d, %v, %v", c.Overflow, c.Timeout, c.Recycle)
	}
}

func TestSettingsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	for name, c := range map[string]pool.Config{
		"Size":           {Size: -1},
		"Overflow":       {Overflow: -2},
		"QueueLimit":     {QueueLimit: -1},
		"Timeout":        {Timeout: -time.Second},
		"Recycle":        {Recycle: -1},
		"RecycleJitter":  {RecycleJitter: 2},
		"ConnectTimeout": {ConnectTimeout: -1},
		"PingTimeout":    {PingTimeout: -1},
		"IdleTimeout":    {IdleTimeout: -1},
		"OverflowLinger": {OverflowLinger: -1},
		"ResetTimeout":   {ResetTimeout: -1},
		"LeakAfter":      {LeakAfter: -1},
		"DrainTimeout":   {DrainTimeout: -1},
		"PrePing":        {PrePing: 9},
		"ResetOnReturn":  {ResetOnReturn: 9},
	} {
		if _, err := pool.New(slow(0), c); err == nil || !strings.Contains(err.Error(), "pool: "+name+" is ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
