package providertest

// Dice are thrown for random things. They fall alike in every run, so that a
// test that fails fails again.
type Dice struct{ seed uint64 }

// N is a number from 0 up to but not including n.
func (d *Dice) N(n int) int {
	d.seed += 0x9e3779b97f4a7c15 // splitmix64
	z := d.seed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}

// Pick is one of the values.
func Pick[T any](d *Dice, values ...T) T { return values[d.N(len(values))] }
