package guest

// exported is the pipeline of the component.
var exported Opener

// Export makes a pipeline that of the component. Call it in an init function; the program's main stays empty.
func Export(p Opener) {
	if exported != nil {
		panic("guest: a component exports one pipeline")
	}
	exported = p
}

// Exported returns the pipeline that the program exports, for tests.
func Exported() Opener { return exported }
