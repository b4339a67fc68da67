"""Whole jobs on whole tables: aiqa, what an expert writes by hand, and the peers."""
