"""Full screens and modals, one file each with its .tcss. Widgets meet here."""
